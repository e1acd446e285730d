"""Pictures that Pillow would cut: more than 8 bits in several channels, floats in colour, integers without a sign."""
