"""What was done to a picture, from the picture before and the picture after. Arrays in, findings out; no files."""
