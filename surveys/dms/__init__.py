"""Reading a dealer management system's export: from any file somebody may upload to rows with a verdict.

Pure: no database, no clock, no settings. `read.read_file` is the one entrance; what it cannot accept as a
whole it refuses with `codes.Refused`, what it cannot accept row by row it says beside the row.
"""
