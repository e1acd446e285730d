"""What a file carries beside its samples: read, changed where the samples are, and written into the next file.

::

    carried        all of it, as one value
    things         one table: how each thing is read, and how formats hold it
    places         where things are read from, and where they are put
    exif, xmp      data about the picture, changed in place, byte for byte
    icc            colour profiles
    resolution     samples on a length
    comments       lines that somebody wrote
    ifd, tiff_tags, png_chunks, jpeg_segments, jpeg_settings, jp2, webp      what formats hold them in
"""

from imfilt.images.carried.carried import Carried, losses, put_carried, read_carried
from imfilt.images.carried.places import Target

__all__ = ["Carried", "Target", "losses", "put_carried", "read_carried"]
