"""What the call room's pages show, made ready for the templates."""
