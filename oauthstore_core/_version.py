"""The one version of the core and, in lockstep, of the first-party backends."""

__version__ = "0.1.0"
