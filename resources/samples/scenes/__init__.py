"""The sample pictures, drawn with numpy and Pillow alone."""
