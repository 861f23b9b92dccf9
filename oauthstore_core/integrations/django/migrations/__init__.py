"""The state of the models, none of which has a table."""
