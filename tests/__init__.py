"""The tests of cachetory."""
