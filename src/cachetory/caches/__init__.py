"""`Cache`, in each colour."""
