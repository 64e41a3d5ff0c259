package dev.procdesc.compat.c09_start;

/** A user ID, also used as a group ID, that has no entry in any user database. */
final class UnknownUser {
  static final long ID = 54_321;

  private UnknownUser() {}
}
