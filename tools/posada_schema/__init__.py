"""The API description under api/: reading it, and everything that is made from it."""
