-- The whole table of steps: every change of the order is a line of this test's diff.
\pset null '-'
SELECT role, ordinal, step, phase, guide_step AS guide, title, background AS bg, offline AS off, worth
  FROM pgaf_upgrade_steps();
SELECT role, step, requirements FROM pgaf_upgrade_steps() WHERE requirements <> '';
-- titles are for a screen: at most 40 characters
SELECT role, step, title FROM pgaf_upgrade_steps() WHERE length(title) > 40;
