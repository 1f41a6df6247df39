"""Processes that share a server, steered by tests: leases, fences and outages for real."""
