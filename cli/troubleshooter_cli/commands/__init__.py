"""The commands, one a file; `main` loads each when it is called or listed."""
