"""What the rules would have done to real history."""
