"""The schema's history, which Django's `migrate` applies."""
