"""Changes the code in every small way, and looks whether a test notices."""
