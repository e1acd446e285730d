"""Files in, pictures out, and back; all of Pillow lives here. No convolution.

::

    picture     pixels, and all that has to be kept of the file they came from (carried)
    sources     what a picture is read from; header, what that says of it
    reading     from a file to a picture: whole files alone (whole, png_rows), within limits, nothing cut (depth), in
                modes that can be filtered (convert), upright (orientation); what is wrong (reading_errors, libtiff)
    writing     from a picture that fits the format (fit, palette, colours) to a file, as a person wants it (saving); in
                bands where that is faster (jpeg, png, png_file)
    formats     one table of what is read and written, and of the modes (modes) that each holds
    rows        the rows of a picture, as the engine takes and gives them, in memory of ours (memory); all of them
                (samples); room for results
    atomic      files that are whole or not there (temporary)
    deep        pictures that Pillow has no mode for
    frames      animations and pages
    importing   imports in two threads; quiet, what nobody is told; meanwhile, settings of the whole process
"""
