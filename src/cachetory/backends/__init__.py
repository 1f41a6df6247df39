"""Stores of wire values, in each colour."""
