"""What a store needs in order to fence loads, and to share them among processes."""
