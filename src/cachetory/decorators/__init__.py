"""`cached`, in each colour."""
