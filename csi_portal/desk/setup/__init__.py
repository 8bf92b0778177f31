"""The administrator's room: stores, departments, people, rights, messages that did not get through."""
