"""A server that paces tokens and records what it really sent, with faults to switch on."""
