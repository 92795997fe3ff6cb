// Answers of the helper for FTP, segment by segment.
import { testAnswers } from './judged.js';

testAnswers('f2_ftp');
