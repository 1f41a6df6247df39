"""The pure core: decisions about values and keys, without I/O, threads or a clock of its own."""
