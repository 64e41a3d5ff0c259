/** What a run has shown: table, JSON, XML. */
@NullMarked
package dev.procdesc.compat.report;

import org.jspecify.annotations.NullMarked;
