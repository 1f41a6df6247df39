"""The ground under both colours: what asyncio and threads do differently, and what a process is."""
