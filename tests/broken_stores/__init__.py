"""Stores that look right and are not, each with one mistake that somebody has made somewhere."""
