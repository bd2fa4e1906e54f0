"""The wire desk: a release read by people, in pages inside the Airflow UI.

`plugin` is all that knows Airflow, `api` all that knows HTTP; the rest reads a release through its manifest,
never more of it than the page that is asked for needs.
"""
