/** The report of a run: a table, JSON and XML. */
@NullMarked
package dev.procdesc.compat.report;

import org.jspecify.annotations.NullMarked;
