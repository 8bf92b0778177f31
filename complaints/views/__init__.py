"""The pages of the complaints room: list, form, registering, the actions on a form."""
