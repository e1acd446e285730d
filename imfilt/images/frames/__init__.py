"""Pictures of several frames or pages: read and written one frame at a time, each composed as it is seen."""
