#!/bin/sh
# Filter a folder of pictures: sh batch.sh FOLDER KERNEL OUTPUT
# For example: sh samples/batch.sh samples/photos sharpen sharp
set -eu

folder=${1:?the folder with the pictures}
kernel=${2:?the name of a kernel, as in: imfilt list-kernels}
output=${3:?the folder for the results}

# One picture at a time, in a loop. A picture that cannot be filtered is named on standard error and passed over.
for picture in "$folder"/*.jpg; do
    imfilt apply "$picture" --kernel "$kernel" -o "$output/" --skip-existing || echo "failed: $picture" >&2
done

# The same for every picture in the folder and in the folders below it, with one command. What the loop has written is
# skipped here; leave the loop out, and this alone does it all.
imfilt apply "$folder" --recursive --kernel "$kernel" -o "$output/" --skip-existing
