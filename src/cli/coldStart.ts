import * as z from 'zod/mini';

// For a program that reads few rows and ends: zod's compiled parsers pay off only for many. It must be imported before
// the first schema is made.
z.config({ jitless: true });
