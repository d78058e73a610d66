"""Chaos: the real stations, hurt at random points; then every message is accounted for."""
