"""The commands, each named by its module."""
