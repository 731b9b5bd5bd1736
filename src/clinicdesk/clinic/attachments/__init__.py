"""Files of a patient: inert bytes beside the history."""
