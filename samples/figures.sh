#!/bin/sh
# Draw the figures of the README anew, into samples/figures or the folder that is named.
set -eu
here=$(dirname "$0")
into=${1:-$here/figures}
mkdir -p "$into"
imfilt sheet "$here/car.jpg" -k gaussian5 -k sharpen -k edge3 --columns 4 --cell 200 -o "$into/sheet.png" --overwrite
imfilt explain "$here/car.jpg" 0 80 -k gaussian3 --border reflect --png "$into/explain.png" --overwrite >/dev/null
imfilt show-kernel unsharp5 --png "$into/kernel.png" --overwrite >/dev/null
