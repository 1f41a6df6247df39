"""What a Django cache does with its entries, in either colour."""
