/* toupper(3) */
int toupper(int);
