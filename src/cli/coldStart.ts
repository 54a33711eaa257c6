import * as z from 'zod/mini';

// For a program that reads few rows and ends: parsers that zod compiles are worth it only for many. It must be imported
// before the first schema is made.
z.config({ jitless: true });
