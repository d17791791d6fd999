-- begin.sql: the head of every pgTAP file: quiet, unaligned output, one transaction, rolled back at the end.
\set QUIET on
\set ON_ERROR_STOP on
\pset pager off
\pset format unaligned
\pset tuples_only on
\pset null ''
SET client_min_messages = warning;
SET search_path = public;
BEGIN;
