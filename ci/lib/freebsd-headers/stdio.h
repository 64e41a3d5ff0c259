/* printf(3), puts(3), scanf(3), fopen(3), fread(3), setvbuf(3) */
#include <sys/types.h>
typedef struct declared_file FILE;
extern FILE *declared_stdout;
#define stdout declared_stdout
#define _IOLBF 1
int printf(const char *, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *);
int fscanf(FILE *, const char *, ...) __attribute__((format(scanf, 2, 3)));
FILE *fdopen(int, const char *);
int fclose(FILE *);
size_t fwrite(const void *, size_t, size_t, FILE *);
int setvbuf(FILE *, char *, int, size_t);
