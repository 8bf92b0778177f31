"""What the pages of the complaints room show, made ready for their templates. Reads only."""
