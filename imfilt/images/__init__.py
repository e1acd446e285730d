"""Files in, pictures out, and back; all of Pillow lives here. No convolution."""
