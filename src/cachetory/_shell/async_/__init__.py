"""The load path, asynchronous."""
