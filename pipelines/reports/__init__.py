"""What people read of a run: model card, usability page, pictures, summary."""
