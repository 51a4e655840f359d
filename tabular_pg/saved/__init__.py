"""Files that keep a record whole: arrays and a JSON header, with a version and a content hash."""
