"""Hồ sơ tận nhà. Start reading at app/domain/custody.py."""
