"""Files in, pictures out, and back; all of Pillow lives here. No convolution.

::

    picture     pixels, and all that has to be kept of the file they came from (carried)
    reading     from a file to a picture: whole files alone (whole), within limits, upright (orientation)
    writing     from a picture that fits the format (fit) to a file
    formats     one table of what is read and written, and of the modes (modes) that each holds
    rows        the rows of a picture, as the engine takes and gives them, in memory of ours (memory)
    atomic      files that are whole or not there (temporary)
    deep        pictures that Pillow has no mode for
    frames      animations and pages
"""
