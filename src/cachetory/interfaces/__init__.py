"""What a serializer and a backend are, for those who write their own."""
