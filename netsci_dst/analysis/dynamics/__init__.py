"""Topology in time: evolution while training, and distances between topologies."""
