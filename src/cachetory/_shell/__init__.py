"""The load path: what happens between a miss and the value."""
