"""The inner loops over the copies of a story: each is held against a few texts, never against all others."""
