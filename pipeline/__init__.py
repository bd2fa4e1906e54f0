"""Wirefold folds the many copies of one wire story back into one."""

__version__ = "0.1.0"
